#!/usr/bin/env -S node --max-semi-space-size=32
// The command. It is no build output, so that installing a checkout links it before anything is built there.
// The flag makes room for what a few thousand requests a second leave behind: with less, V8 collects the whole heap to
// free their bodies; with more, each of its rounds holds requests up for longer.
import { existsSync } from 'node:fs'

const program = new URL('../dist/cli/main.js', import.meta.url)

if (existsSync(program)) await import(program.href)
else {
  process.stderr.write('reprise: this checkout is not built yet. Run: npm run build\n')
  process.exitCode = 2
}
