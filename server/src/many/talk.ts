import { messageOf, RepriseError } from 'reprise'

/** What two processes say to each other. Plain data: it goes through structured clone. */
type Said =
  | { readonly kind: 'ask'; readonly id: number; readonly topic: string; readonly question: unknown }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: unknown }
  | { readonly kind: 'refusal'; readonly id: number; readonly code: string; readonly message: string }
  | { readonly kind: 'tell'; readonly topic: string; readonly news: unknown }

/** The line to the other process: messages arrive in order and are not lost as long as it stands. */
export interface Line {
  send(message: unknown): boolean
  onMessage(listener: (message: unknown) => void): void
  onClosed(listener: () => void): void
}

/** Questions, answers and news between two processes. */
export interface Talk {
  /**
   * Resolves to what the other process answers. As many questions may be open as their askers have.
   * @throws RepriseError with the other's code, or `stopping` when it is absent: it serves not yet, or not any more
   */
  ask(topic: string, question?: unknown): Promise<unknown>
  /** Tells something that needs no answer. */
  tell(topic: string, news: unknown): void
  /** Answers a topic from now on; one answerer a topic. */
  answer(topic: string, answerer: (question: unknown) => unknown): void
  /** Hears the news of a topic from now on. */
  hear(topic: string, listener: (news: unknown) => void): void
}

interface Open {
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: RepriseError) => void
}

export function openTalk(line: Line): Talk {
  const answerers = new Map<string, (question: unknown) => unknown>()
  const listeners = new Map<string, (news: unknown) => void>()
  const open = new Map<number, Open>()
  let lastId = 0
  let isClosed = false

  async function reply(id: number, topic: string, question: unknown): Promise<void> {
    try {
      const answerer = answerers.get(topic)
      if (answerer === undefined) throw absent()
      send({ kind: 'answer', id, answer: await answerer(question) })
    } catch (error) {
      const code = error instanceof RepriseError ? error.code : 'internal_error'
      send({ kind: 'refusal', id, code, message: messageOf(error) })
    }
  }

  function send(said: Said): void {
    if (!isClosed) line.send(said)
  }

  function settle(id: number): Open | undefined {
    const asked = open.get(id)
    open.delete(id)
    return asked
  }

  line.onMessage(message => {
    // Both ends are this function.
    const said = message as Said
    switch (said.kind) {
      case 'ask':
        return void reply(said.id, said.topic, said.question)
      case 'answer':
        return settle(said.id)?.resolve(said.answer)
      case 'refusal':
        return settle(said.id)?.reject(refusalOf(said))
      case 'tell':
        return listeners.get(said.topic)?.(said.news)
    }
  })
  line.onClosed(() => {
    isClosed = true
    for (const id of [...open.keys()]) settle(id)?.reject(absent())
  })

  return {
    ask: (topic, question) => {
      if (isClosed) return Promise.reject(absent())
      lastId += 1
      const id = lastId
      return new Promise((resolve, reject) => {
        open.set(id, { resolve, reject })
        send({ kind: 'ask', id, topic, question })
      })
    },
    tell: (topic, news) => send({ kind: 'tell', topic, news }),
    answer: (topic, answerer) => void answerers.set(topic, answerer),
    hear: (topic, listener) => void listeners.set(topic, listener),
  }
}

function refusalOf({ code, message }: { readonly code: string; readonly message: string }): RepriseError {
  // It was the code of a RepriseError over there, which is this very class.
  return new RepriseError(code as RepriseError['code'], message)
}

function absent(): RepriseError {
  return new RepriseError('stopping', 'The other process does not serve now; try again.')
}

/** Whether a question failed because the other process serves not yet, or not any more. */
export function isAbsent(reason: unknown): boolean {
  return reason instanceof RepriseError && reason.code === 'stopping'
}
