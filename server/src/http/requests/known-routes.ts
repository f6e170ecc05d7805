import type { FastifyInstance } from 'fastify'
import { RepriseError } from 'reprise'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route that takes whatever is below a path; it says nothing about which paths there are. */
    isCatchAll?: boolean
    /** A route that clients of language models call, as OpenAI's or Anthropic's. */
    speaksToModels?: boolean
  }
}

/** What a path that no route takes is answered with, and which methods it would be taken with. */
export interface MissedRoute {
  readonly error: RepriseError
  readonly allow: string | undefined
}

/** Learns every later route of the server, to tell a wrong method from an unknown path. */
export function learnRoutes(server: FastifyInstance): (method: string, url: string) => MissedRoute {
  const methodsOf = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>()
  server.addHook('onRoute', ({ url, method, config }) => {
    if (url === '*' || config?.isCatchAll) return
    const known = methodsOf.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() }
    for (const one of [method].flat()) known.methods.add(one)
    methodsOf.set(url, known)
  })

  return (method, url) => {
    const path = url.split('?', 1)[0] ?? ''
    const known = [...methodsOf.values()].filter(({ pattern }) => pattern.test(path))
    const methods = known.flatMap(route => [...route.methods])
    if (methods.length === 0 || methods.includes(method)) {
      const message = `There is no ${path.length > 200 ? 'such path' : path}. GET /openapi.json tells all paths.`
      return { error: new RepriseError('route_unknown', message), allow: undefined }
    }
    const allow = [...new Set(methods)].sort().join(', ')
    return { error: new RepriseError('method_not_allowed', `${method} is not for this path; use ${allow}.`), allow }
  }
}

function patternOf(url: string): RegExp {
  const escaped = url.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`^${escaped.replaceAll(/:\w+/g, '[^/]+').replaceAll('*', '.*')}$`)
}
