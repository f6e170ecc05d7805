// Clients of OpenAI and Anthropic before the gateway: nothing changes but the address.
import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'

const openai = new OpenAI({ baseURL: 'http://127.0.0.1:8000/v1', apiKey: 'me' })
const anthropic = new Anthropic({ baseURL: 'http://127.0.0.1:8000', apiKey: 'me' })

const chat = () =>
  openai.chat.completions
    .create({ model: 'gpt-4o-mini', messages: [{ role: 'user', content: 'Why is the sky blue?' }] })
    .withResponse()
const message = () =>
  anthropic.messages
    .create({ model: 'claude-demo', max_tokens: 200, messages: [{ role: 'user', content: 'Why is the sea blue?' }] })
    .withResponse()

for (const ask of [chat, chat, message, message]) {
  const { response } = await ask()
  console.log(response.headers.get('x-reprise-cache'), response.headers.get('x-reprise-reason'))
}

// It prints:
// miss absent
// hit memory
// miss absent
// hit memory
