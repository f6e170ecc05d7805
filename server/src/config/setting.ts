import type { SettingKind } from './setting-kinds.ts'

/** One setting: its name in the environment, what it takes, what it is without being set, and what it does. */
export interface Setting<Value, Unset = Value> {
  readonly name: string
  readonly kind: SettingKind<Value>
  /** The value when nothing is set; of a few it depends on whether the server is bound to loopback. */
  readonly whenUnset: (isLoopback: boolean) => Unset
  /** How the documentation writes the default; empty for none. */
  readonly defaultText: string
  readonly description: string
  readonly example: string
}

interface Texts {
  readonly description: string
  readonly example: string
}

/** A setting that may be left out altogether. */
export function optional<Value>(name: string, kind: SettingKind<Value>, texts: Texts): Setting<Value, undefined> {
  return { name, kind, whenUnset: () => undefined, defaultText: '', ...texts }
}

/** A setting with a default. */
export function defaulted<Value extends string | number | boolean>(
  name: string,
  kind: SettingKind<Value>,
  fallback: Value,
  texts: Texts,
): Setting<Value> {
  return { name, kind, whenUnset: () => fallback, defaultText: `\`${fallback}\``, ...texts }
}
