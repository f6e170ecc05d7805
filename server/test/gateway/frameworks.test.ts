import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { embedMany, generateText, jsonSchema, Output, streamText, type ToolSet, tool } from 'ai'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { type RepriseServer, startReprise } from '../../../testbed/servers/reprise.ts'
import { type ModelFault, type ModelRequest, type ModelServer, startModelServer } from '../../src/demo/model-server.ts'

let faultOf: ((request: ModelRequest) => ModelFault | undefined) | undefined
let model: ModelServer
let reprise: RepriseServer
beforeAll(async () => {
  model = await startModelServer({ faultOf: request => faultOf?.(request) })
  reprise = await startReprise({ UPSTREAM_BASE_URL: model.url })
})
afterAll(async () => {
  await reprise?.stop()
  await model?.close()
})
beforeEach(() => {
  faultOf = undefined
})

let questions = 0
/** A question that nobody asked before. */
function question(): string {
  questions += 1
  return `Question ${questions}: why is the sky blue?`
}

async function asked(work: () => Promise<unknown>): Promise<number> {
  const before = model.requests.length
  await work()
  return model.requests.length - before
}

const local = (baseURL: string) =>
  createOpenAICompatible({ name: 'local', baseURL, apiKey: 'sk-ai-sdk', supportsStructuredOutputs: true })
const city = { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] } as const
const png = Buffer.alloc(3_000, 7)

describe.each(['responses', 'chat', 'compatible'] as const)(
  'D1 the AI SDK by %s, unmodified, before the gateway',
  way => {
    const modelOf = (id = 'gpt-4o-mini') => {
      const baseURL = `${reprise.url}/v1`
      const openai = createOpenAI({ baseURL, apiKey: 'sk-ai-sdk' })
      if (way === 'compatible') return local(baseURL)(id)
      return way === 'chat' ? openai.chat(id) : openai(id)
    }

    it('gets texts and streams again, whichever came first, and the model is asked once', async () => {
      for (const order of ['text', 'stream'] as const) {
        const prompt = question()
        const read = {
          text: async () => (await generateText({ model: modelOf(), prompt })).text,
          stream: async () => streamText({ model: modelOf(), prompt }).text,
        }
        const times = await asked(async () => {
          const first = await read[order]()
          expect(first.length).toBeGreaterThan(10)
          expect(await read.text()).toBe(first)
          expect(await read.stream()).toBe(first)
        })
        expect([order, times]).toEqual([order, 1])
      }
    })

    it('calls tools, gets structured answers, and sends images', async () => {
      const tools = { weather: tool({ inputSchema: jsonSchema<{ city: string }>(city) }) } as unknown as ToolSet
      const prompt = question()
      const withTool = () => generateText({ model: modelOf(), prompt, tools })
      const schema = jsonSchema<{ city: string }>({
        ...city,
        required: [...city.required],
        additionalProperties: false,
      })
      const structured = () => generateText({ model: modelOf(), prompt, output: Output.object({ schema }) })
      const withImage = () =>
        generateText({
          model: modelOf(),
          messages: [
            {
              role: 'user',
              content: [
                { type: 'text', text: prompt },
                { type: 'file', data: png, mediaType: 'image/png' },
              ],
            },
          ],
        })
      const times = await asked(async () => {
        const called = await withTool()
        expect(called.toolCalls).toHaveLength(1)
        expect((await withTool()).toolCalls).toEqual(called.toolCalls)
        const answer = await structured()
        expect(answer.output).toEqual({ city: expect.any(String) })
        expect((await structured()).output).toEqual(answer.output)
        const seen = await withImage()
        expect((await withImage()).text).toBe(seen.text)
      })
      expect(times).toBe(3)
    })

    it('meets errors as they are, and retries that help', async () => {
      let failures = 1
      faultOf = () => {
        failures -= 1
        return failures >= 0 ? { kind: 'status', status: 500 } : undefined
      }
      const prompt = question()
      const times = await asked(async () => {
        const { text } = await generateText({ model: modelOf(), prompt, maxRetries: 2 })
        expect((await generateText({ model: modelOf(), prompt })).text).toBe(text)
      })
      expect(times).toBe(2)
      faultOf = undefined
      const missing = generateText({ model: modelOf('gpt-missing'), prompt, maxRetries: 0 })
      await expect(missing).rejects.toMatchObject({ statusCode: 404 })
    })
  },
)

describe('the AI SDK’s embeddings before the gateway', () => {
  it('D4 asks only for what is missing', async () => {
    const embedding = createOpenAI({ baseURL: `${reprise.url}/v1`, apiKey: 'sk-ai-sdk' }).embedding(
      'text-embedding-3-small',
    )
    const [one, two] = [question(), question()]
    const times = await asked(async () => {
      const first = await embedMany({ model: embedding, values: [one] })
      const both = await embedMany({ model: embedding, values: [two, one] })
      expect(both.embeddings[1]).toEqual(first.embeddings[0])
    })
    expect(times).toBe(2)
    expect(model.requests.at(-1)?.body['input']).toEqual([two])
  })
})

describe('D1 LangChain.js, unmodified, before the gateway', () => {
  const chat = (fields: object = {}) =>
    new ChatOpenAI({
      model: 'gpt-4o-mini',
      apiKey: 'sk-langchain',
      maxRetries: 0,
      configuration: { baseURL: `${reprise.url}/v1` },
      ...fields,
    })

  it('gets messages and streams again, and the model is asked once', async () => {
    const prompt = question()
    const times = await asked(async () => {
      const first = await chat().invoke(prompt)
      expect((await chat().invoke(prompt)).text).toBe(first.text)
      let streamed = ''
      for await (const chunk of await chat().stream(prompt)) streamed += chunk.text
      expect(streamed).toBe(first.text)
    })
    expect(times).toBe(1)
  })

  it('calls tools, gets structured answers, asks for several choices and sends images', async () => {
    const prompt = question()
    const withTool = chat().bindTools([{ type: 'function', function: { name: 'weather', parameters: city } }])
    const structured = chat().withStructuredOutput<{ city: string }>({ ...city, title: 'place' })
    const several = chat({ n: 2 })
    const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${png.toString('base64')}` } }
    const seen = [{ role: 'user', content: [{ type: 'text', text: prompt }, image] }]
    const times = await asked(async () => {
      const called = await withTool.invoke(prompt)
      expect(called.tool_calls).toHaveLength(1)
      expect((await withTool.invoke(prompt)).tool_calls).toEqual(called.tool_calls)
      expect(await structured.invoke(prompt)).toEqual(await structured.invoke(prompt))
      const choices = async () => (await several.generate([[{ role: 'user', content: prompt }]])).generations[0]
      const first = await choices()
      expect(first).toHaveLength(2)
      expect((await choices())?.map(({ text }) => text)).toEqual(first?.map(({ text }) => text))
      expect((await chat().invoke(seen)).text).toBe((await chat().invoke(seen)).text)
    })
    expect(times).toBe(4)
  })

  it('D4 asks only for the embeddings that are missing, in both encodings', async () => {
    const embeddings = (encodingFormat: 'float' | 'base64') =>
      new OpenAIEmbeddings({
        model: 'text-embedding-3-small',
        apiKey: 'sk-langchain',
        encodingFormat,
        configuration: { baseURL: `${reprise.url}/v1` },
      })
    const [one, two] = [question(), question()]
    const times = await asked(async () => {
      const [first] = await embeddings('float').embedDocuments([one])
      const both = await embeddings('base64').embedDocuments([two, one])
      // Asked for base64, the client hands it on as it came.
      const bytes = Buffer.from(String(both[1]), 'base64')
      const numbers = Array.from({ length: bytes.length / 4 }, (_, index) => bytes.readFloatLE(index * 4))
      expect(numbers).toEqual(first?.map(Math.fround))
    })
    expect(times).toBe(2)
  })

  it('meets errors as they are', async () => {
    await expect(chat({ model: 'gpt-missing' }).invoke(question())).rejects.toMatchObject({ status: 404 })
  })
})
