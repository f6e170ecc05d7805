/** How long and how often things are measured. */
export interface Effort {
  readonly rounds: number
  readonly seconds: number
  readonly warmUpSeconds: number
  /** The directory of recorded requests and conversations, for the questions that replay them. */
  readonly data?: string | undefined
}
