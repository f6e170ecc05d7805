import { eventText } from '../event-reader.ts'
import { type JsonObject, objectsIn, textIn } from '../json.ts'
import { itemEvents } from './item-events.ts'

/** A response as a stream of typed events, each text in one delta. */
export function unfoldResponse(body: JsonObject): string {
  const begun = {
    ...body,
    status: 'in_progress',
    output: [],
    usage: null,
    ...('completed_at' in body ? { completed_at: null } : {}),
  }
  const events: JsonObject[] = [
    { type: 'response.created', response: begun },
    { type: 'response.in_progress', response: begun },
    ...objectsIn(body['output']).flatMap(itemEvents),
    { type: `response.${textIn(body, 'status')}`, response: body },
  ]
  return events
    .map((event, sequence_number) => eventText(JSON.stringify({ ...event, sequence_number }), textIn(event, 'type')))
    .join('')
}
