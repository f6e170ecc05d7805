/** One tensor of a file: its kind (`F16`, `F32`), its shape and its bytes, little-endian. */
export interface Tensor {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly bytes: Uint8Array
}

interface Described {
  readonly dtype: string
  readonly shape: readonly number[]
  readonly data_offsets: readonly [number, number]
}

/** Reads the tensors of a safetensors file (https://github.com/huggingface/safetensors#format); they are views of it. */
export function readTensors(file: Buffer): ReadonlyMap<string, Tensor> {
  const dataAt = 8 + Number(file.readBigUInt64LE(0))
  // The file comes with the model's package; what its header says has been fixed with it.
  const header = JSON.parse(file.toString('utf8', 8, dataAt)) as Readonly<Record<string, Described>>
  const tensors = new Map<string, Tensor>()
  for (const [name, { dtype, shape, data_offsets: offsets }] of Object.entries(header)) {
    if (name === '__metadata__') continue
    tensors.set(name, { dtype, shape, bytes: file.subarray(dataAt + offsets[0], dataAt + offsets[1]) })
  }
  return tensors
}
