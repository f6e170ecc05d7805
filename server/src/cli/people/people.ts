import { type Command, Option } from 'commander'
import { Type } from 'typebox'
import type { RunningServer } from '../running/running-server.ts'
import type { ServerOptions } from '../running/server-options.ts'

/** Whose messages are meant: a guest's, or a user's. */
export interface PersonOptions extends ServerOptions {
  readonly guest?: string
  readonly user?: string
}

/** Adds the options that name a person. */
export function withPerson(command: Command): Command {
  return command
    .addOption(new Option('--guest <id>', 'a guest').conflicts('user'))
    .option('--user <id>', 'a user: all conversations')
}

const Listed = Type.Object({
  conversations: Type.Array(Type.Object({ conversation_id: Type.String() })),
  next_after: Type.Union([Type.String(), Type.Null()]),
})

/** The ids of all conversations of a user, asked for before any of them is touched. */
export async function conversationsOf(server: RunningServer, user: string): Promise<readonly string[]> {
  const ids: string[] = []
  const query = new URLSearchParams({ user_id: user, limit: '100' })
  for (;;) {
    const page = await server.ask({ method: 'GET', path: `${conversationsPath}?${query}` }, Listed)
    ids.push(...page.conversations.map(each => each.conversation_id))
    if (page.next_after === null) return ids
    query.set('after', page.next_after)
  }
}

const conversationsPath = '/v1/users/me/conversations'

export function conversationPath(user: string, conversationId: string, rest = ''): string {
  return `${conversationsPath}/${conversationId}${rest}?${new URLSearchParams({ user_id: user })}`
}

export function guestPath(guest: string, rest = ''): string {
  return `/v1/guest/chat/${encodeURIComponent(guest)}${rest}`
}
