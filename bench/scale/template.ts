/** The database that all questions start from. */
export const template = 'scale'
export const guests = 1_000
export const messagesEach = 20
