/** What the server refused or could not do, in its own words; `code` is `away` where it did not answer at all. */
export class Problem extends Error {
  readonly code: string
  readonly status: number

  constructor(code: string, status: number, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'Problem'
    this.code = code
    this.status = status
  }
}

/** Reads an answer that is no success. */
export async function problemOf(answer: Response): Promise<Problem> {
  const body: unknown = await answer.json().catch(() => undefined)
  const fields = new Map(typeof body === 'object' && body !== null ? Object.entries(body) : [])
  const text = (name: string) => {
    const value: unknown = fields.get(name)
    return typeof value === 'string' ? value : undefined
  }
  const said = text('detail') ?? text('title') ?? `The server answered ${answer.status}.`
  return new Problem(text('code') ?? 'unknown', answer.status, said)
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
