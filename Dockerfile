# syntax=docker/dockerfile:1

FROM node:26.10.0-trixie-slim AS build
WORKDIR /build
COPY . .
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund && npm run build
# What is needed to build goes, and so does the Node.js that a checkout carries: the image has its own.
RUN --mount=type=cache,target=/root/.npm \
    npm ci --omit=dev --omit=optional --workspace=library --workspace=server --no-audit --no-fund \
 && find library/dist server/dist -name '*.map' -delete

FROM node:26.10.0-trixie-slim
LABEL org.opencontainers.image.title="Reprise" \
      org.opencontainers.image.description="The cache and memory layer for AI applications" \
      org.opencontainers.image.licenses="Apache-2.0"
ENV NODE_ENV=production \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data
WORKDIR /reprise
COPY --from=build /build/node_modules node_modules
COPY --from=build /build/library/package.json library/package.json
COPY --from=build /build/library/migrations library/migrations
COPY --from=build /build/library/dist library/dist
COPY --from=build /build/server/package.json /build/server/prices.json server/
COPY --from=build /build/server/bin server/bin
COPY --from=build /build/server/dist server/dist
RUN mkdir /data && chown node:node /data
USER node
VOLUME /data
EXPOSE 8000
# A first start may wait a minute for its database.
HEALTHCHECK --interval=10s --timeout=5s --start-period=90s --start-interval=1s --retries=3 \
    CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
STOPSIGNAL SIGTERM
ENTRYPOINT ["node", "--max-semi-space-size=32", "/reprise/server/bin/reprise.js"]
CMD ["serve"]
