# syntax=docker/dockerfile:1
# The tags name a Node.js line and a Debian release. A town that wants the same bytes every time pins them by digest
# (node:22-bookworm-slim@sha256:...), which is left out here because a digest ages with every security update.

FROM node:22-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY . .
RUN npm run build

FROM node:22-bookworm-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM node:22-bookworm-slim
ENV NODE_ENV=production
WORKDIR /app
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json LICENSE ./
COPY config ./config
COPY templates ./templates
RUN install -d -o node -g node -m 0700 /data
USER node
VOLUME /data
EXPOSE 8080/tcp 1812/udp 1813/udp 2083/tcp
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9180/healthz').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "dist/main.js"]
CMD ["--config", "/etc/stadtfunk/town.yaml"]
