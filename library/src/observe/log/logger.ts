type Write = (fields: object, message: string) => void

/** What is called of a logger: pino's way, fields before the message. */
export interface Logger {
  debug: Write
  info: Write
  warn: Write
  error: Write
  /** Where it answers false for `debug`, no line is put together for each operation. */
  isLevelEnabled?(level: string): boolean
}
