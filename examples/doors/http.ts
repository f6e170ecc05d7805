// The doors before HTTP, one after the other.
import { httpCache } from 'reprise/http'

const http = httpCache({ maxBodyBytes: '1mb', name: 'shop' })
http.on('answered', ({ method, outcome, status }) => console.log(method, outcome, status))

import { cachedFetch } from 'reprise/fetch'

const headers = { 'cache-control': 'max-age=60' }
const handler = cachedFetch(() => new Response('hello', { headers }), { http })
for (const url of ['http://app.test/', 'http://app.test/']) await (await handler(new Request(url))).text()

import Fastify from 'fastify'
import { fastifyCache } from 'reprise/fastify'

const app = Fastify()
await app.register(fastifyCache({ defaultTtl: '1m', cachePaths: ['/articles/*'] }))
await app.close()

import express from 'express'
import { expressCache } from 'reprise/express'

const site = express()
site.use(expressCache({ defaultTtl: '1m', cachePaths: ['/articles/*'] }))

// It prints:
// GET forwarded 200
// GET hit 200
