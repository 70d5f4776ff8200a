//! `/admin`: how the server is doing, for administrators. To everybody else there is nothing here.

use crate::{
    api::performance::{EmptyCache, performance},
    components::{
        button::SubmitButton,
        form_state::{FormProblem, FormState},
        load_failed::LoadFailed,
        page_meta::PageMeta,
    },
    page_data::page_data,
    pages::{lazy_page::lazy_page, not_found::NotFound},
    paths,
    performance::{CHART_HEIGHT, CHART_WIDTH, Chart, Figure, Line, Report, Table},
    realtime::{Notice, Refresh, use_realtime},
    state::{use_toasts, viewer_or_sign_in},
};
use domain::{
    account::Role,
    event::{Event, Topic},
};
use leptos::{form::ActionForm, prelude::*};

/// How the lines of a chart differ: in colour, and for who does not see that, in their strokes.
const STYLES: [(&str, &str); 4] =
    [("tint-coding", "none"), ("tint-creativity", "9 5"), ("tint-innovation", "2 5"), ("tint-study", "12 5 2 5")];

lazy_page!(ADMIN = admin_page in dashboard);

fn admin_page() -> AnyView {
    match viewer_or_sign_in(paths::ADMIN).map(|viewer| viewer.role) {
        Some(Role::Admin) => view! { <Content/> }.into_any(),
        Some(Role::Member) => view! { <NotFound/> }.into_any(),
        None => ().into_any(),
    }
}

#[component]
fn Content() -> impl IntoView {
    let report = page_data(|| (), |()| performance());
    view! {
        <PageMeta title="Performance" description="How this server is doing."/>
        <div class="admin">
            <h1 class="page-title">"Performance"</h1>
            <p class="panel-text">"This server in the last ten minutes. A new sample is taken and shown every five seconds."</p>
            <Transition fallback=|| view! { <div class="skeleton session-skeleton" aria-hidden="true"></div> }>
                {move || Suspend::new(async move {
                    match report.await {
                        Ok(initial) => view! { <Current initial/> }.into_any(),
                        Err(error) => view! { <LoadFailed error retry=move |()| report.refetch()/> }.into_any(),
                    }
                })}
            </Transition>
            <EmptyCacheForm/>
        </div>
    }
}

#[component]
fn EmptyCacheForm() -> impl IntoView {
    let empty = ServerAction::<EmptyCache>::new();
    let state = FormState::new("cache", &[], empty);
    let toasts = use_toasts();
    Effect::new(move |_| {
        if let Some(Ok(())) = empty.value().get() {
            toasts.done("Every page is read anew.");
        }
    });
    view! {
        <section class="panel">
            <h2 class="panel-title">"What is kept"</h2>
            <p class="panel-text">
                "Pages are kept until something changes. After a change made directly in the database, let all servers forget them."
            </p>
            <ActionForm action=empty>
                <FormProblem state/>
                <SubmitButton is_pending=state.is_pending label="Empty the cache"/>
            </ActionForm>
        </section>
    }
}

#[component]
fn Current(initial: Report) -> impl IntoView {
    let report = keep_current(initial);
    move || view! { <Board report=report.get()/> }
}

/// Reads a new report whenever the server took a sample.
fn keep_current(initial: Report) -> RwSignal<Report> {
    let position = initial.position;
    let shown = RwSignal::new(initial);
    let realtime = use_realtime();
    Effect::new(move || {
        let refresh = Refresh::new(
            || async { performance().await.ok() },
            |report: &Report| report.position,
            move |report| {
                shown.try_set(report);
            },
        );
        realtime.listen(vec![Topic::Performance], position, move |notice| {
            if let Notice::Resync(position) | Notice::Event(position, Event::Sampled) = notice {
                refresh.ask(position);
            }
        });
    });
    shown
}

/// Made anew with each report, of which the page takes only what differs.
#[component]
fn Board(report: Report) -> impl IntoView {
    let Report { alerts, figures, charts, tables, .. } = report;
    let mut notices: Vec<(&str, String)> = alerts.into_iter().map(|alert| ("notice notice-problem", alert)).collect();
    if notices.is_empty() {
        notices.push(("notice notice-done", "Nothing needs attention.".to_owned()));
    }
    view! {
        <div class="admin" role="status">
            {notices.into_iter().map(|(class, text)| view! { <p class=class>{text}</p> }).collect_view()}
        </div>
        <dl class="figures">
            {figures
                .into_iter()
                .map(|Figure { name, value, note }| {
                    view! {
                        <div class="panel">
                            <dt class="panel-text">{name}</dt>
                            <dd class="figure-value">{value}</dd>
                            <dd class="panel-text">{note}</dd>
                        </div>
                    }
                })
                .collect_view()}
        </dl>
        <div class="charts">
            {charts.into_iter().map(|chart| view! { <ChartPanel chart/> }).collect_view()}
            {tables.into_iter().map(|table| view! { <TablePanel table/> }).collect_view()}
        </div>
    }
}

#[component]
fn ChartPanel(chart: Chart) -> impl IntoView {
    let text = chart.text();
    let Chart { name, top, lines } = chart;
    let (paths, rows): (Vec<_>, Vec<_>) = lines
        .into_iter()
        .zip(STYLES.into_iter().cycle())
        .map(|(Line { name, path, now, least, most }, style)| {
            let row = view! {
                <tr>
                    <th scope="row">
                        <svg class="icon" viewBox="0 0 24 24" aria-hidden="true">{stroke("M0 12H24".to_owned(), style)}</svg>
                        " "
                        {name}
                    </th>
                    <td>{now}</td>
                    <td>{least}</td>
                    <td>{most}</td>
                </tr>
            };
            (stroke(path, style), row)
        })
        .unzip();
    let (middle, bottom) = (CHART_HEIGHT / 2, CHART_HEIGHT);
    view! {
        <section class="panel">
            <h2 class="panel-title">{name}</h2>
            <p class="panel-text">"From 0 to " {top}</p>
            <svg viewBox=format!("-2 -12 {} {}", CHART_WIDTH + 4, CHART_HEIGHT + 14) role="img" aria-label=text>
                <path
                    d=format!("M0 0H{CHART_WIDTH}M0 {middle}H{CHART_WIDTH}M0 {bottom}H{CHART_WIDTH}")
                    fill="none"
                    stroke="var(--line)"
                ></path>
                {paths}
            </svg>
            <table class="numbers">
                <thead>
                    <tr>
                        <td></td>
                        <th scope="col">"Now"</th>
                        <th scope="col">"Least"</th>
                        <th scope="col">"Most"</th>
                    </tr>
                </thead>
                <tbody>{rows}</tbody>
            </table>
        </section>
    }
}

fn stroke(path: String, (tint, dashes): (&'static str, &'static str)) -> impl IntoView {
    view! {
        <path
            class=tint
            d=path
            fill="none"
            stroke="var(--tint-text)"
            stroke-width="2"
            stroke-dasharray=dashes
            stroke-linecap="round"
            stroke-linejoin="round"
        ></path>
    }
}

#[component]
fn TablePanel(table: Table) -> impl IntoView {
    let Table { name, rows } = table;
    view! {
        <section class="panel">
            <h2 class="panel-title">{name}</h2>
            <table class="numbers">
                <thead>
                    <tr>
                        <td></td>
                        <th scope="col">"This server"</th>
                        <th scope="col">"All servers"</th>
                    </tr>
                </thead>
                <tbody>
                    {rows
                        .into_iter()
                        .map(|(name, here, everywhere)| {
                            view! {
                                <tr>
                                    <th scope="row">{name}</th>
                                    <td>{here}</td>
                                    <td>{everywhere}</td>
                                </tr>
                            }
                        })
                        .collect_view()}
                </tbody>
            </table>
        </section>
    }
}
