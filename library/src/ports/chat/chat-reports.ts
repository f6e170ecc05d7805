/** One hour of the chat over all servers, as `cache_metrics` has it. */
export interface ChatHour {
  readonly at: Date
  readonly conversations: number
  readonly hits: number
  readonly misses: number
  readonly requests: number
  readonly responseMs: number
  readonly generationMs: number
  readonly storageMb: number
}

/** What the chat's tables hold. */
export interface ChatTotals {
  readonly conversations: number
  readonly messages: number
  readonly embeddings: number
  /** Mappings whose Redis copy lacks the message. */
  readonly unsynced: number
  readonly migrationsCompleted: number
  readonly migrationsFailed: number
}

/** A guest who wrote lately. */
export interface ActiveGuest {
  readonly guestId: string
  readonly messages: number
  readonly embeddings: number
  readonly unsynced: number
  readonly requests: number
  readonly monthRequests: number
  readonly monthlyLimit: number | undefined
  readonly lastAt: Date
}

/** One attempt to make a guest a user. */
export interface MigrationRecord {
  readonly id: string
  readonly status: string
  readonly guestId: string | undefined
  readonly conversations: number
  readonly messages: number
  readonly startedAt: Date
  readonly completedAt: Date | undefined
  readonly notes: string
}

/** What operators look at. Reads alone; some of it reads whole tables of conversations, so that callers ask seldom. */
export interface ChatReports {
  /** The last hours, the oldest first; hours without use are left out. */
  hours(count: number): Promise<readonly ChatHour[]>
  totals(): Promise<ChatTotals>
  /** Those who wrote last, the latest first. */
  activeGuests(limit: number): Promise<readonly ActiveGuest[]>
  /** The latest first. */
  migrations(limit: number): Promise<readonly MigrationRecord[]>
}
