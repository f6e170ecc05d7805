import { readFileSync } from 'node:fs'

interface Manifest {
  readonly version: string
}

// The manifest of this very package.
const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as Manifest

export const version = manifest.version
