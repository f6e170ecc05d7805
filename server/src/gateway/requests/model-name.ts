/** The model that a JSON body names; undefined where it names none or is no JSON. */
export function modelOf(body: Uint8Array): string | undefined {
  try {
    const read: unknown = JSON.parse(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString())
    const model = typeof read === 'object' && read !== null && 'model' in read ? read.model : undefined
    return typeof model === 'string' ? model : undefined
  } catch {
    return undefined
  }
}
