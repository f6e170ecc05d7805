/** Works on the items of a stream, `width` at once. The first failure ends the stream and is thrown after the others stopped. */
export async function atOnce<Item>(
  items: AsyncGenerator<Item>,
  width: number,
  work: (item: Item) => Promise<void>,
): Promise<void> {
  // All workers draw from one generator, which hands each item to one of them and closes when one of them throws.
  const worker = async () => {
    for await (const item of items) await work(item)
  }
  const ends = await Promise.allSettled(Array.from({ length: width }, worker))
  const failure = ends.find(end => end.status === 'rejected')
  if (failure !== undefined) throw failure.reason
}
