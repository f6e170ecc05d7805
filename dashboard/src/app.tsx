import { type ReactNode, useEffect, useRef } from 'react'
import { useIsKeyAsked } from './api/admin-key.ts'
import { CachePage } from './pages/caches/cache-page.tsx'
import { CachesPage } from './pages/caches/caches-page.tsx'
import { ConversationsPage } from './pages/conversations/conversations-page.tsx'
import { GuestPage } from './pages/conversations/guest-page.tsx'
import { MigrationsPage } from './pages/migrations/migrations-page.tsx'
import { OutboxPage } from './pages/outbox/outbox-page.tsx'
import { OverviewPage } from './pages/overview/overview-page.tsx'
import { AwayBanner, ConnectionState } from './shell/connection-state.tsx'
import { Failure } from './shell/failure.tsx'
import { KeyGate } from './shell/key-gate.tsx'
import { Link } from './shell/link.tsx'
import { Mark } from './shell/mark.tsx'
import { Navigation } from './shell/navigation.tsx'
import { addressOf, usePlace } from './shell/place.ts'
import { ThemeSwitch } from './shell/theme-switch.tsx'

/** The frame around every page: where one is, how the server is, and the way elsewhere. */
export function App() {
  const place = usePlace()
  const address = place.join('/')
  const main = useRef<HTMLElement>(null)
  const before = useRef(address)

  useEffect(() => {
    // A new page is announced, and the keyboard begins at its top.
    document.title = [main.current?.querySelector('h1')?.textContent, 'Reprise'].filter(Boolean).join(' · ')
    if (before.current !== address) main.current?.focus({ preventScroll: true })
    before.current = address
  }, [address])

  if (useIsKeyAsked()) return <KeyGate />
  return (
    <div className="frame">
      <a className="skip" href="#main">
        Skip to the page
      </a>
      <header className="frame-head">
        <Link to={addressOf()} className="home">
          <Mark />
        </Link>
        <Navigation room={place[0] ?? ''} />
        <div className="frame-foot">
          <ConnectionState />
          <ThemeSwitch />
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        <AwayBanner />
        <Failure key={address}>{pageAt(place)}</Failure>
      </main>
    </div>
  )
}

function pageAt([room, name, ...more]: readonly string[]): ReactNode {
  if (room === undefined) return <OverviewPage />
  if (more.length > 0) return <NowherePage />
  if (room === 'caches') return name === undefined ? <CachesPage /> : <CachePage name={name} />
  if (room === 'conversations') return name === undefined ? <ConversationsPage /> : <GuestPage guestId={name} />
  if (room === 'outbox' && name === undefined) return <OutboxPage />
  if (room === 'migrations' && name === undefined) return <MigrationsPage />
  return <NowherePage />
}

function NowherePage() {
  return (
    <div className="notice">
      <h1>There is no such page</h1>
      <p>
        <Link to={addressOf()}>To the overview</Link>
      </p>
    </div>
  )
}
