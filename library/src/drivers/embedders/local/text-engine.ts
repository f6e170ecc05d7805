/** What runs the model: `onnxruntime-node` where it is installed, WebAssembly else. Vectors agree to six digits. */
export type EngineChoice = 'auto' | 'onnxruntime' | 'wasm'

/** Turns a text, given with the ids of its word pieces, into numbers of any length. */
export interface TextEngine {
  embed(text: string, pieces: readonly number[]): Promise<ArrayLike<number>>
}
