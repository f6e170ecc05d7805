import type { EmbeddingModelMiddleware, LanguageModelMiddleware } from 'ai'

// The types of the AI SDK's model interface, by way of the package that its users have installed.

export type { EmbeddingModelMiddleware, LanguageModelMiddleware }

type GenerateOptions = Parameters<NonNullable<LanguageModelMiddleware['wrapGenerate']>>[0]

export type CallParams = GenerateOptions['params']
export type Model = GenerateOptions['model']
export type GenerateResult = Awaited<ReturnType<GenerateOptions['doGenerate']>>
export type StreamResult = Awaited<ReturnType<GenerateOptions['doStream']>>
export type StreamPart = StreamResult['stream'] extends ReadableStream<infer Part> ? Part : never
export type Content = GenerateResult['content'][number]
export type FinishReason = GenerateResult['finishReason']
