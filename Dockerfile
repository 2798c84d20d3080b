# One image for every process of coldpool: node runs the TypeScript files as they are, so there is nothing to compile.
# docker-compose.yml says which container runs which file. Plain Dockerfile syntax: it builds with and without BuildKit.

FROM node:24-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json ./
# For those who reach the registry by another way; npm reads it by this name. It does not reach the final stage.
ARG NPM_CONFIG_REGISTRY=https://registry.npmjs.org/
# Nothing of ours needs an install script: msgpackr falls back to JavaScript, and node is in the base image.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund --no-update-notifier

FROM node:24-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
# A new named volume takes its owner from the directory of the image that it covers: these are what `init` and the conductor
# write to, and `node` may; /metrics is for Prometheus, as the same user.
RUN for volume in /runs /metrics /jetstream/1 /jetstream/2 /jetstream/3 /secrets/nats \
      /secrets/conductor /secrets/host /secrets/device /secrets/promoter /secrets/workload /secrets/observer /secrets/operator \
      /secrets/sweep /secrets/worker /secrets/metrics; \
    do mkdir -p "$volume" && chown node:node "$volume" && chmod 700 "$volume"; done
COPY --from=dependencies /app/node_modules node_modules
COPY --chown=node:node . .
USER node
# What node makes of the files when it loads them is kept for all containers, which cannot write: half of a start's CPU time.
# Each process loads its files, and then finds that this is no bus.
ENV NODE_COMPILE_CACHE=/home/node/compiled
RUN for main in services/*/main.ts; do node "$main" --bus none 2>&1 | grep '^CP_OPTION --bus' || exit 1; done
CMD ["node", "cli/main.ts", "--help"]
