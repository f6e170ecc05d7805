import type { Token } from './tokens.ts'

/** What stands between parentheses. */
export interface Group {
  readonly kind: 'group'
  readonly items: readonly Item[]
  readonly word: '('
}

export type Item = Token | Group

const routine = /^(?:PROCEDURE|FUNCTION|TRIGGER|EVENT|PACKAGE)$/

/** The statements of a list of tokens, parentheses as groups. Undefined where quotes or parentheses do not close. */
export function statementsOf(tokens: readonly Token[]): readonly (readonly Item[])[] | undefined {
  const statements: Item[][] = []
  const open: Item[][] = [[]]
  for (const token of tokens) {
    const here = open.at(-1)
    if (here === undefined || token.kind === 'broken') return undefined
    if (token.word === '(') open.push([])
    else if (token.word === ')') {
      open.pop()
      const around = open.at(-1)
      if (around === undefined) return undefined
      around.push({ kind: 'group', items: here, word: '(' })
    } else if (token.word === ';' && open.length === 1 && !isRoutine(here)) {
      if (here.length > 0) statements.push(here)
      open[0] = []
    } else here.push(token)
  }
  const [rest] = open
  if (rest === undefined || open.length > 1) return undefined
  return rest.length > 0 ? [...statements, rest] : statements
}

/** The body of a routine is full of statements that are not carried out when it is made. */
function isRoutine(items: readonly Item[]): boolean {
  return items[0]?.word === 'CREATE' && items.slice(1, 12).some(({ word }) => routine.test(word))
}
