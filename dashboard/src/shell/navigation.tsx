import { Link } from './link.tsx'
import { addressOf } from './place.ts'

const rooms = [
  { word: '', label: 'Overview', path: 'M2.5 9.5h4v4h-4zM9.5 2.5h4v11h-4zM2.5 2.5h4v4h-4z' },
  {
    word: 'caches',
    label: 'Caches',
    path: 'M2.5 4c0-1 2.5-1.8 5.5-1.8s5.5.8 5.5 1.8v8c0 1-2.5 1.8-5.5 1.8S2.5 13 2.5 12zM2.5 4c0 1 2.5 1.8 5.5 1.8S13.5 5 13.5 4M2.5 8c0 1 2.5 1.8 5.5 1.8S13.5 9 13.5 8',
  },
  { word: 'conversations', label: 'Conversations', path: 'M2.5 3h11v8h-6l-3 2.8V11h-2z' },
  { word: 'outbox', label: 'Outbox', path: 'M2.5 9.5h3l1 2h3l1-2h3v4h-11zM8 8V2.5M5.8 4.7 8 2.5l2.2 2.2' },
  { word: 'migrations', label: 'Migrations', path: 'M2.5 5.5h9M9 3l2.5 2.5L9 8M13.5 10.5h-9M7 8l-2.5 2.5L7 13' },
] as const

export type Room = (typeof rooms)[number]['word']

export function Navigation({ room }: { readonly room: string }) {
  return (
    <nav aria-label="Pages">
      <ul>
        {rooms.map(({ word, label, path }) => (
          <li key={word}>
            <Link to={word === '' ? addressOf() : addressOf(word)} isCurrent={word === room}>
              <svg viewBox="0 0 16 16" className="icon" aria-hidden="true">
                <path d={path} />
              </svg>
              <span>{label}</span>
            </Link>
          </li>
        ))}
      </ul>
    </nav>
  )
}
