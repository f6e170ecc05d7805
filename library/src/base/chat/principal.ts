import { RepriseError } from '../reprise-error.ts'

/** Who a guest is: a name chosen by the client or issued by the server, 1 to 128 of `A-Z a-z 0-9 _ . : -`. */
export type GuestId = string & { readonly brand: 'GuestId' }

/** Who a user is: the subject of a token, 1 to 255 of `A-Z a-z 0-9 _ . : @ | -`. */
export type UserId = string & { readonly brand: 'UserId' }

const guestIdPattern = /^[A-Za-z0-9_.:-]{1,128}$/
const userIdPattern = /^[A-Za-z0-9_.:@|-]{1,255}$/

/**
 * Reads a guest id before it reaches SQL, Redis or a pattern.
 * @throws RepriseError `invalid_guest_id`
 * @example parseGuestId('web-7f3a')
 */
export function parseGuestId(text: unknown): GuestId {
  if (typeof text === 'string' && guestIdPattern.test(text)) return text as GuestId
  throw new RepriseError(
    'invalid_guest_id',
    `guest_id must be 1 to 128 of the characters A-Z a-z 0-9 _ . : -, but ${describe(text)} came. Choose an id such as web-7f3a.`,
    { field: 'guest_id' },
  )
}

/**
 * Reads a user id.
 * @throws RepriseError `invalid_user_id`
 * @example parseUserId('auth0|5f7c')
 */
export function parseUserId(text: unknown): UserId {
  if (typeof text === 'string' && userIdPattern.test(text)) return text as UserId
  throw new RepriseError(
    'invalid_user_id',
    `user_id must be 1 to 255 of the characters A-Z a-z 0-9 _ . : @ | -, but ${describe(text)} came.`,
    { field: 'user_id' },
  )
}

function describe(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (Array.isArray(value)) return 'a list'
  if (typeof value !== 'string') return value === null ? 'null' : `a value of type ${typeof value}`
  if (value.length === 0) return 'an empty text'
  return `a text of ${value.length} characters`
}
