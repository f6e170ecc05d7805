import { type Static, Type } from 'typebox'
import { Parse } from 'typebox/value'

const dollars = Type.Number({ minimum: 0 })

/** Prices in US dollars for a million tokens, by the beginning of a model's name. */
export const PricesSchema = Type.Record(
  Type.String({ minLength: 1 }),
  Type.Object(
    {
      input: dollars,
      output: dollars,
      /** For prompt tokens that the provider's own cache knew; the full price where it is left out. */
      cachedInput: Type.Optional(dollars),
      /** Whether the provider caches prompts without being asked. */
      automaticCache: Type.Optional(Type.Boolean()),
    },
    { additionalProperties: false },
  ),
)

export type Price = Prices[string]
export type Prices = Static<typeof PricesSchema>

const PriceFile = Type.Object({ models: PricesSchema })

/** The prices of a price file's JSON. */
export function readPrices(json: unknown): Prices {
  return Parse(PriceFile, json).models
}
