//! How often anybody may do a thing.
//!
//! The generic cell rate algorithm (governor), per action and caller, in the memory of this process.

use domain::{Error, UserId};
use governor::{Quota, RateLimiter, clock::Clock, clock::DefaultClock, state::keyed::DashMapStateStore};
use std::{collections::HashMap, hash::Hash, net::IpAddr, num::NonZeroU32, sync::Arc, time::Duration};

/// What is limited. Each has a burst and a time in which the whole burst grows back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Pages.
    Page,
    /// Server functions that only read.
    Read,
    /// Everything that changes something.
    Write,
    /// Writing and reacting in chats, which have rules of their own besides.
    Chat,
    /// Opening an event connection.
    EventConnection,
    /// Events of trusted services, and attempts on their token.
    Publish,
    /// Offers to publish or to watch.
    Offer,
    /// Searches; suggestions while typing count as reads.
    Search,
    /// Pictures that people choose.
    Upload,
    /// Frames of running streams, which their browsers send by themselves.
    Preview,
    /// Attempts on one account, from wherever they come.
    SignInToAccount,
    /// Attempts from one address, on whatever account.
    SignInFromAddress,
    SignUp,
    /// Taking away everything that is stored about oneself: one read of many tables.
    Export,
}

impl Action {
    const ALL: [Self; 14] = [
        Self::Page,
        Self::Read,
        Self::Write,
        Self::Chat,
        Self::EventConnection,
        Self::Publish,
        Self::Offer,
        Self::Search,
        Self::Upload,
        Self::Preview,
        Self::SignInToAccount,
        Self::SignInFromAddress,
        Self::SignUp,
        Self::Export,
    ];

    /// For guests and for members: how many at once, and how long until that many are free again.
    const fn allowance(self) -> [(u32, Duration); 2] {
        const MINUTE: Duration = Duration::from_mins(1);
        const HOUR: Duration = Duration::from_hours(1);
        const QUARTER: Duration = Duration::from_mins(15);
        match self {
            Self::Page => [(120, MINUTE), (300, MINUTE)],
            Self::Read => [(120, MINUTE), (600, MINUTE)],
            Self::Write | Self::Search => [(20, MINUTE), (60, MINUTE)],
            Self::Chat => [(40, MINUTE), (180, MINUTE)],
            // A page change may open a new connection, so this follows the pages.
            Self::EventConnection => [(60, MINUTE), (120, MINUTE)],
            // Twenty a second for each service. Each event may go to everybody.
            Self::Publish => [(1200, MINUTE), (1200, MINUTE)],
            Self::Offer => [(30, MINUTE), (60, MINUTE)],
            // Each takes a core for a moment, and stays for a quarter of an hour when the next one replaces it.
            Self::Upload => [(5, QUARTER), (20, QUARTER)],
            // Three a minute are sent; another window or a new start may add some.
            Self::Preview => [(5, MINUTE), (10, MINUTE)],
            Self::SignInToAccount => [(5, QUARTER), (5, QUARTER)],
            Self::SignInFromAddress => [(30, QUARTER), (30, QUARTER)],
            Self::SignUp => [(5, HOUR), (5, HOUR)],
            Self::Export => [(1, HOUR), (5, HOUR)],
        }
    }
}

/// Who is counted.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Caller {
    Address(IpAddr),
    Member(UserId),
    /// The name of an account that somebody tries to get into, in lower case.
    Account(String),
}

type Keyed = RateLimiter<Caller, DashMapStateStore<Caller>, DefaultClock>;

/// The limits of this process. Cheap to clone.
#[derive(Clone)]
pub struct Limits {
    limiters: Arc<HashMap<(Action, bool), Keyed>>,
    clock: DefaultClock,
}

impl Limits {
    /// `factor` widens every limit; 1 in production, more where tests share one address.
    pub fn new(factor: NonZeroU32) -> Self {
        let limiter = |action: Action, is_member: bool| {
            let [guest, member] = action.allowance();
            let (burst, period) = if is_member { member } else { guest };
            let burst = NonZeroU32::new(burst).map_or(factor, |burst| burst.saturating_mul(factor));
            let quota = Quota::with_period(period / burst.get()).map(|quota| quota.allow_burst(burst));
            ((action, is_member), RateLimiter::dashmap(quota.unwrap_or(Quota::per_second(burst))))
        };
        let limiters = Action::ALL.into_iter().flat_map(|action| [limiter(action, false), limiter(action, true)]).collect();
        Self { limiters: Arc::new(limiters), clock: DefaultClock::default() }
    }

    /// Counts one, or says how long to wait.
    pub fn check(&self, action: Action, caller: &Caller) -> Result<(), Error> {
        let is_member = matches!(caller, Caller::Member(_));
        let Some(limiter) = self.limiters.get(&(action, is_member)) else { return Ok(()) };
        limiter.check_key(caller).map_err(|until| {
            let wait = until.wait_time_from(self.clock.now()).as_secs_f64().ceil().max(1.0);
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a positive number of seconds, at most an hour"
            )]
            let retry_after_seconds = wait as u32;
            Error::RateLimited { retry_after_seconds }
        })
    }

    /// Forgets callers who have their whole allowance again, so that memory follows recent callers only.
    pub fn forget_idle(&self) {
        for limiter in self.limiters.values() {
            limiter.retain_recent();
            limiter.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Action, Caller, Limits};
    use domain::{Error, UserId};
    use std::num::NonZeroU32;

    #[test]
    fn the_burst_is_allowed_and_no_more() {
        let limits = Limits::new(NonZeroU32::MIN);
        let caller = || Caller::Account("ana".to_owned());
        for _ in 0..5 {
            limits.check(Action::SignInToAccount, &caller()).unwrap();
        }
        let refused = limits.check(Action::SignInToAccount, &caller()).unwrap_err();
        let Error::RateLimited { retry_after_seconds } = refused else { panic!("{refused:?}") };
        assert!((1..=180).contains(&retry_after_seconds), "{retry_after_seconds}");
        limits.check(Action::SignInToAccount, &Caller::Account("ben".to_owned())).unwrap();
    }

    #[test]
    fn members_may_do_more_than_guests() {
        let limits = Limits::new(NonZeroU32::MIN);
        let count = |caller: Caller| (0..1000).take_while(|_| limits.check(Action::Write, &caller).is_ok()).count();
        let guest = count(Caller::Address([10, 0, 0, 1].into()));
        let member = count(Caller::Member(UserId(uuid::Uuid::nil())));
        assert!((20..30).contains(&guest) && (60..75).contains(&member), "{guest} {member}");
    }
}
