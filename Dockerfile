# syntax=docker/dockerfile:1

FROM rust:1.91-slim-bookworm AS build
WORKDIR /build

# Dependencies first, with nothing of this program around them: this layer is built anew only when they change.
COPY Cargo.toml Cargo.lock ./
RUN mkdir src \
    && echo 'fn main() {}' > src/main.rs \
    && touch src/lib.rs \
    && cargo build --release --locked \
    && rm -r src

COPY build.rs ./
COPY assets assets
COPY migrations migrations
COPY src src
# Copied files are older than the build above. Without the touch, cargo would take its empty program for this one.
RUN touch src/main.rs src/lib.rs \
    && cargo build --release --locked


FROM debian:bookworm-slim

# The authorities that a PostgreSQL server's certificate is checked against (`sslmode=verify-full`).
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates \
    && rm -rf /var/lib/apt/lists/*

# Numbers, so that an orchestrator can see that this is not root.
RUN groupadd --gid 10001 orgraph \
    && useradd --uid 10001 --gid orgraph --no-create-home --home-dir /data --shell /usr/sbin/nologin orgraph \
    && install --directory --owner=orgraph --group=orgraph --mode=0700 /data

COPY --from=build /build/target/release/orgraph /usr/local/bin/orgraph
COPY LICENSE-APACHE LICENSE-MIT /usr/share/doc/orgraph/
COPY assets/graphiql/dist/LICENSES.txt /usr/share/doc/orgraph/LICENSES-graphiql.txt

ENV ORGRAPH_LISTEN=0.0.0.0:8000 \
    ORGRAPH_DATA_DIR=/data
WORKDIR /data
VOLUME /data
EXPOSE 8000
USER 10001:10001
STOPSIGNAL SIGTERM

# The image has no HTTP client; bash opens the connection by itself.
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --retries=3 CMD ["bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/${ORGRAPH_LISTEN##*:} && printf 'GET /healthz HTTP/1.0\\r\\n\\r\\n' >&3 && read -r status <&3 && [[ $status == *' 200 '* ]]"]

ENTRYPOINT ["orgraph"]
CMD ["serve"]
