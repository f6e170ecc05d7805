import { configFileNames } from './config-file.ts'
import { type Setting, settingsTable } from './settings-table.ts'

/** The text of `docs/settings.md`, written from the table that the server itself reads. */
export function settingsDocument(): string {
  const settings: readonly Setting<unknown>[] = Object.values(settingsTable)
  return `# Settings

Every setting is an environment variable, read once at start, or a property of a configuration file: \`databaseUrl\` for
\`DATABASE_URL\`. The environment goes before the file. It is the first of these in the working directory:
${configFileNames.map(name => `\`${name}\``).join(', ')};
or what \`REPRISE_CONFIG\` names; its default export is an object:

\`\`\`ts
import { defineConfig } from 'reprise-server'

export default defineConfig({ port: 8080, corsOrigins: ['https://app.example.com'] })
\`\`\`

When some settings cannot be used, the server does not start and
names them all, each with its reason and an example. Spaces around a value are cut off, and an empty value
counts as not set.

| name | takes | default | what it does | example |
|---|---|---|---|---|
${settings.map(row).join('\n')}

Bound elsewhere than to loopback (\`127.0.0.1\`, \`::1\`, \`localhost\`), the server starts only with \`ADMIN_API_KEY\` and
\`GUEST_AUTH\` set. At most one of \`JWT_SECRET\` and \`JWKS_URL\` is set. \`EMBEDDER=vertex\` needs \`GOOGLE_CLOUD_PROJECT\`;
\`EMBEDDER=openai\` needs \`EMBEDDER_API_KEY\` or \`EMBEDDER_BASE_URL\`.
`
}

function row({ name, kind, defaultText, description, example }: Setting<unknown>): string {
  return `| \`${name}\` | ${kind.name} | ${defaultText} | ${description} | \`${example}\` |`
}
