export { type EmbeddedOptions, openEmbeddedDatabase } from './embedded-database.ts'
