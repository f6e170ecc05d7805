import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress, gzip, constants as zlib } from 'node:zlib'
import { defineConfig, type Plugin } from 'vite'

/** The server's own files: it carries the page, so that one package is installed. */
const outDir = join(import.meta.dirname, '../server/dist/dashboard/page')

/** `npm run dev -w dashboard` shows the page over a server that runs here. */
const server = 'http://127.0.0.1:8000'

export default defineConfig({
  base: '/admin/cache/',
  build: {
    outDir,
    emptyOutDir: true,
    target: ['chrome123', 'firefox125', 'safari17.5'],
    assetsInlineLimit: 0,
    license: { fileName: 'licenses.md' },
    modulePreload: { polyfill: false },
    rolldownOptions: {
      onLog: (level, log, handle) => {
        // "use client" speaks to servers that render React; compressing hard takes its time.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE' && log.code !== 'PLUGIN_TIMINGS') handle(level, log)
      },
    },
  },
  server: { proxy: { '/api': server, '/v1': server } },
  plugins: [compressed()],
})

/** Compresses once, when it is built, as hard as it gets. */
function compressed(): Plugin {
  return {
    name: 'compressed',
    apply: 'build',
    async closeBundle() {
      const files = await readdir(outDir, { recursive: true })
      await Promise.all(files.filter(file => /\.(?:js|css|html|svg)$/.test(file)).map(compress))
    },
  }
}

async function compress(file: string): Promise<void> {
  const path = join(outDir, file)
  const bytes = await readFile(path)
  const [br, gz] = await Promise.all([
    promisify(brotliCompress)(bytes, { params: { [zlib.BROTLI_PARAM_QUALITY]: 11 } }),
    promisify(gzip)(bytes, { level: 9 }),
  ])
  await Promise.all([writeFile(`${path}.br`, br), writeFile(`${path}.gz`, gz)])
}
