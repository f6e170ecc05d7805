// Express brings no types of its own; this much of it is used.
declare module 'express' {
  type Handler = (request: never, response: never, next: () => void) => void
  interface Express {
    (request: import('node:http').IncomingMessage, response: import('node:http').ServerResponse): void
    use(handler: Handler): void
    get(path: string, handler: Handler): void
  }
  export default function express(): Express
}
