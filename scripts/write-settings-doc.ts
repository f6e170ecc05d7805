import { writeFile } from 'node:fs/promises'
import { settingsDocument } from '../server/src/config/settings-document.ts'

// Writes docs/settings.md anew from the table of settings: node scripts/write-settings-doc.ts
await writeFile(new URL('../docs/settings.md', import.meta.url), settingsDocument())
