import { type Field, message } from './protobuf.ts'
import type { Tensor } from './safetensors.ts'

/** What a BERT model's `config.json` says of its shape. */
export interface BertShape {
  readonly hidden_size: number
  readonly num_attention_heads: number
  readonly num_hidden_layers: number
  readonly layer_norm_eps: number
}

// Numbers of fields and of types in https://github.com/onnx/onnx/blob/main/onnx/onnx.proto3
const types = { F32: 1, I64: 7, F16: 10 } as const
const attributeTypes = { float: 1, int: 2, ints: 7 } as const
const irVersion = 9
const opset = 20

type Attribute = readonly [name: string, value: { readonly float: number } | number | readonly number[]]

/**
 * A BERT encoder as an ONNX model: from the ids and positions of one text's tokens to the mean of their last states. So
 * that one file of weights serves two engines. Attention as in https://arxiv.org/abs/1810.04805; one text a run, so that
 * nothing is padded and no mask is needed.
 */
export function bertModel(weights: ReadonlyMap<string, Tensor>, shape: BertShape): Buffer {
  const { hidden_size: size, num_attention_heads: heads, layer_norm_eps: epsilon } = shape
  const width = size / heads
  const graph = new Graph()
  const weight = (name: string) => graph.weight(name, weights.get(name))
  const dense = (input: string, name: string) =>
    graph.node('Gemm', [input, weight(`${name}.weight`), weight(`${name}.bias`)], [['transB', 1]])
  const norm = (input: string, name: string) =>
    graph.node(
      'LayerNormalization',
      [input, weight(`${name}.weight`), weight(`${name}.bias`)],
      [
        ['axis', -1],
        ['epsilon', { float: epsilon }],
      ],
    )
  const byHead = graph.numbers([-1, heads, width])
  const together = graph.numbers([-1, size])
  const scale = graph.constant(1 / Math.sqrt(width))
  const split = (input: string, order: readonly number[]) =>
    graph.node('Transpose', [graph.node('Reshape', [input, byHead])], [['perm', order]])

  function attention(input: string, layer: string): string {
    const query = split(dense(input, `${layer}.attention.self.query`), [1, 0, 2])
    const key = split(dense(input, `${layer}.attention.self.key`), [1, 2, 0])
    const value = split(dense(input, `${layer}.attention.self.value`), [1, 0, 2])
    const scores = graph.node('Mul', [graph.node('MatMul', [query, key]), scale])
    const mixed = graph.node('MatMul', [graph.node('Softmax', [scores], [['axis', -1]]), value])
    const joined = graph.node('Reshape', [graph.node('Transpose', [mixed], [['perm', [1, 0, 2]]]), together])
    return dense(joined, `${layer}.attention.output.dense`)
  }

  const words = graph.node('Gather', [weight('embeddings.word_embeddings.weight'), 'ids'])
  const places = graph.node('Gather', [weight('embeddings.position_embeddings.weight'), 'positions'])
  const kind = graph.node('Gather', [weight('embeddings.token_type_embeddings.weight'), graph.numbers([0])])
  const embedded = graph.node('Add', [graph.node('Add', [words, places]), kind])
  let state = norm(embedded, 'embeddings.LayerNorm')
  for (let index = 0; index < shape.num_hidden_layers; index += 1) {
    const layer = `encoder.layer.${index}`
    state = norm(graph.node('Add', [attention(state, layer), state]), `${layer}.attention.output.LayerNorm`)
    const inner = graph.node('Gelu', [dense(state, `${layer}.intermediate.dense`)])
    state = norm(graph.node('Add', [dense(inner, `${layer}.output.dense`), state]), `${layer}.output.LayerNorm`)
  }
  const mean = graph.node('ReduceMean', [state, graph.numbers([0])], [['keepdims', 0]])
  return graph.model(['ids', 'positions'], mean, size)
}

/** Gathers nodes and weights, and names what lies between. */
class Graph {
  readonly #nodes: Field[] = []
  readonly #initializers: Field[] = []
  readonly #weights = new Map<string, string>()
  #values = 0

  node(operator: string, inputs: readonly string[], attributes: readonly Attribute[] = []): string {
    const output = this.#newName()
    this.#nodes.push([
      1,
      [
        ...inputs.map((input): Field => [1, input]),
        [2, output],
        [4, operator],
        ...attributes.map(([name, value]): Field => [5, attributeOf(name, value)]),
      ],
    ])
    return output
  }

  /** A weight as float32, whatever it is kept as; the engine converts it once, when it loads. */
  weight(name: string, tensor: Tensor | undefined): string {
    const known = this.#weights.get(name)
    if (known !== undefined) return known
    if (tensor === undefined || (tensor.dtype !== 'F16' && tensor.dtype !== 'F32'))
      throw new Error(`The model's weights hold no ${name} that can be used.`)
    const kept = this.#tensor(tensor.shape, types[tensor.dtype], tensor.bytes)
    const value = tensor.dtype === 'F32' ? kept : this.node('Cast', [kept], [['to', types.F32]])
    this.#weights.set(name, value)
    return value
  }

  numbers(values: readonly number[]): string {
    const bytes = new Uint8Array(BigInt64Array.from(values, BigInt).buffer)
    return this.#tensor([values.length], types.I64, bytes)
  }

  constant(value: number): string {
    return this.#tensor([], types.F32, new Uint8Array(Float32Array.of(value).buffer))
  }

  model(inputs: readonly string[], output: string, size: number): Buffer {
    const graph: readonly Field[] = [
      ...this.#nodes,
      [2, 'bert'],
      ...this.#initializers,
      ...inputs.map((name): Field => [11, valueInfo(name, types.I64, [2, 'tokens'])]),
      [12, valueInfo(output, types.F32, [1, size])],
    ]
    const opsets: Field = [
      8,
      [
        [1, ''],
        [2, opset],
      ],
    ]
    return message([[1, irVersion], opsets, [7, graph]])
  }

  #tensor(shape: readonly number[], type: number, bytes: Uint8Array): string {
    const name = this.#newName()
    this.#initializers.push([5, [...shape.map((dimension): Field => [1, dimension]), [2, type], [8, name], [9, bytes]]])
    return name
  }

  #newName(): string {
    this.#values += 1
    return `v${this.#values}`
  }
}

function attributeOf(name: string, value: Attribute[1]): readonly Field[] {
  if (typeof value === 'number')
    return [
      [1, name],
      [3, value],
      [20, attributeTypes.int],
    ]
  if ('float' in value)
    return [
      [1, name],
      [2, value],
      [20, attributeTypes.float],
    ]
  return [[1, name], ...value.map((each): Field => [8, each]), [20, attributeTypes.ints]]
}

function valueInfo(name: string, type: number, dimension: Field): readonly Field[] {
  const shape: readonly Field[] = [[1, [dimension]]]
  const tensorType: readonly Field[] = [
    [1, type],
    [2, shape],
  ]
  return [
    [1, name],
    [2, [[1, tensorType]]],
  ]
}
