# syntax=docker/dockerfile:1

# The build is `make build`, as everywhere else. Its caches are mounts, so that a second build compiles only what
# changed; the result is copied out of them.
FROM rust:1.95-trixie AS build
RUN apt-get update \
    && apt-get install -y --no-install-recommends nodejs npm \
    && rm -rf /var/lib/apt/lists/*
WORKDIR /source
COPY . .
ENV LEARNIFY_TOOLS=/cache/tools
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/cache \
    --mount=type=cache,target=/source/target \
    make build \
    && mkdir /release \
    && cp target/release/learnify target/release/hash.txt /release/ \
    && cp -r target/site /release/site

FROM debian:trixie-slim
RUN apt-get update \
    && apt-get install -y --no-install-recommends ca-certificates curl \
    && rm -rf /var/lib/apt/lists/* \
    && useradd --system --uid 10001 --create-home --home-dir /data learnify
# hash.txt tells the program what the files of the site are called; it is looked for beside it.
COPY --from=build /release/learnify /release/hash.txt /usr/local/bin/
COPY --from=build /release/site /usr/local/share/learnify/site
ENV LEARNIFY_ADDRESS=0.0.0.0:3000 \
    DATA_DIR=/data \
    SITE_ROOT=/usr/local/share/learnify/site
USER learnify
VOLUME /data
EXPOSE 3000/tcp 8189/udp
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s CMD ["curl", "-fsS", "-o", "/dev/null", "http://127.0.0.1:3000/readyz"]
ENTRYPOINT ["learnify"]
