import { isIP } from 'node:net'
import { availableParallelism } from 'node:os'

/** What became of a setting's text: a value, or why it cannot be one. The reason never repeats the text of a secret. */
export type Reading<Value> =
  | { readonly kind: 'value'; readonly value: Value }
  | { readonly kind: 'refused'; readonly reason: string }

/** How the text of a setting becomes a value. */
export interface SettingKind<Value> {
  /** As the documentation names it. */
  readonly name: string
  /** Whether nothing of a value is ever shown. */
  readonly isSecret?: true
  read(text: string): Reading<Value>
}

const value = <Value>(read: Value): Reading<Value> => ({ kind: 'value', value: read })
const refused = (reason: string): Reading<never> => ({ kind: 'refused', reason })

export function text(name: string, pattern = /^[^\p{Cc}]+$/u): SettingKind<string> {
  return {
    name,
    read: given => (pattern.test(given) ? value(given) : refused(`"${given}" is not ${article(name)}`)),
  }
}

/** Like text, but nothing of it is ever shown. */
export function secret(minBytes = 1): SettingKind<string> {
  const name = minBytes > 1 ? `secret of at least ${minBytes} bytes` : 'secret'
  return {
    name,
    isSecret: true,
    read: given => {
      const bytes = Buffer.byteLength(given)
      return bytes < minBytes ? refused(`it has ${bytes} bytes, but needs at least ${minBytes}`) : value(given)
    },
  }
}

export function wholeNumber(min: number, max: number): SettingKind<number> {
  const name = max === Number.MAX_SAFE_INTEGER ? `whole number from ${min}` : `whole number from ${min} to ${max}`
  return {
    name,
    read: given => {
      const number = /^\d{1,16}$/.test(given) ? Number(given) : Number.NaN
      return number >= min && number <= max ? value(number) : refused(`"${given}" is not a ${name}`)
    },
  }
}

const mostWorkers = 256

/** `auto` is as many as there are processors that this process may use. */
export const workerCount: SettingKind<number> = {
  name: `\`auto\` or a whole number from 1 to ${mostWorkers}`,
  read: given => {
    if (given === 'auto') return value(Math.min(availableParallelism(), mostWorkers))
    const count = /^\d{1,3}$/.test(given) ? Number(given) : 0
    if (count >= 1 && count <= mostWorkers) return value(count)
    return refused(`"${given}" is neither auto nor a whole number from 1 to ${mostWorkers}`)
  },
}

export const switchable: SettingKind<boolean> = {
  name: '`true` or `false`',
  read: given => {
    const word = given.toLowerCase()
    if (['true', '1', 'yes', 'on'].includes(word)) return value(true)
    if (['false', '0', 'no', 'off'].includes(word)) return value(false)
    return refused(`"${given}" is neither true nor false`)
  },
}

export function choice<Option extends string>(...options: readonly Option[]): SettingKind<Option> {
  const name = options.map(option => `\`${option}\``).join(', ')
  return {
    name,
    read: given => {
      const option = options.find(candidate => candidate === given)
      return option === undefined ? refused(`"${given}" is none of ${options.join(', ')}`) : value(option)
    },
  }
}

/** An absolute URL. It may carry a password, so that a refusal names its scheme at most. */
export function url(...schemes: readonly string[]): SettingKind<string> {
  const name = `URL (${schemes.map(scheme => `\`${scheme}://\``).join(', ')})`
  return {
    name,
    read: given => {
      if (!URL.canParse(given)) return refused('it is not a URL')
      const scheme = new URL(given).protocol.slice(0, -1)
      return schemes.includes(scheme) ? value(given) : refused(`its scheme is ${scheme}, not ${schemes.join(' or ')}`)
    },
  }
}

/**
 * Nodes of a Redis Cluster, separated by commas: each `host:port`, or a URL where TLS or a password is needed. They may
 * carry passwords, so that a refusal repeats none.
 */
export const clusterNodes: SettingKind<readonly string[]> = {
  name: 'nodes (`host:port`), separated by commas',
  read: given => {
    const listed = given.split(',').map(node => node.trim())
    const wrong = listed.findIndex(node => !isClusterNode(node))
    if (wrong < 0) return value(Object.freeze(listed))
    return refused(`node ${wrong + 1} of ${listed.length} is neither host:port nor a rediss:// URL with a host`)
  },
}

function isClusterNode(candidate: string): boolean {
  if (/^rediss?:\/\//.test(candidate)) return (URL.parse(candidate)?.hostname ?? '') !== ''
  const port = Number(/^(?:\[[0-9a-fA-F:.]+\]|[^:[\]@/\s]+):(\d{1,5})$/.exec(candidate)?.[1])
  return port > 0 && port <= 65_535
}

/** Web origins, separated by commas: a scheme, a host and perhaps a port, nothing more. */
export const origins: SettingKind<readonly string[]> = {
  name: 'origins, separated by commas',
  read: given => {
    const listed = given.split(',').map(origin => origin.trim())
    const wrong = listed.find(origin => !isOrigin(origin))
    if (wrong === '*') return refused('"*" would open the server to every web page; name the origins')
    if (wrong !== undefined) return refused(`"${wrong}" is not an origin such as https://app.example.com`)
    return value(Object.freeze(listed))
  },
}

/** IP addresses and CIDR ranges, separated by commas. */
export const addresses: SettingKind<readonly string[]> = {
  name: 'addresses or CIDR ranges, separated by commas',
  read: given => {
    const listed = given.split(',').map(address => address.trim())
    const wrong = listed.find(address => !isAddressOrRange(address))
    return wrong === undefined
      ? value(Object.freeze(listed))
      : refused(`"${wrong}" is not an address such as 10.0.0.0/8`)
  },
}

function isAddressOrRange(candidate: string): boolean {
  const [address = '', bits, ...rest] = candidate.split('/')
  const version = isIP(address)
  if (version === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128))
}

function isOrigin(candidate: string): boolean {
  return /^https?:\/\//.test(candidate) && URL.canParse(candidate) && new URL(candidate).origin === candidate
}

function article(name: string): string {
  return /^[aeiou]/.test(name) ? `an ${name}` : `a ${name}`
}
