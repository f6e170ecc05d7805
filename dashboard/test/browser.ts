import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import axe from 'axe-core'
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core'
import { expect } from 'vitest'
import { requireBinary } from '../../testbed/binaries.ts'

const pictures = join(import.meta.dirname, '../../ci-output')

export function openBrowser(): Promise<Browser> {
  return chromium.launch({ executablePath: requireBinary('chromium'), args: ['--no-sandbox'] })
}

export interface OpenPage extends AsyncDisposable {
  readonly page: Page
  /** What the console complained about, and what was thrown and not caught. */
  readonly complaints: string[]
  /** Opens a place of the dashboard: `caches/ai`; empty for the overview. */
  goTo(place: string): Promise<void>
}

/** A window of its own on the dashboard of a server. */
export async function openPage(browser: Browser, url: string, options: BrowserContextOptions = {}): Promise<OpenPage> {
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
  const page = await context.newPage()
  page.setDefaultTimeout(15_000)
  const complaints: string[] = []
  page.on('console', message => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', error => complaints.push(String(error)))
  page.on('request', request => {
    if (!request.url().startsWith(url) && !request.url().startsWith('blob:')) complaints.push(`asked ${request.url()}`)
  })
  return {
    page,
    complaints,
    goTo: async place => {
      await page.goto(`${url}/admin/cache${place === '' ? '' : `/${place}`}`)
    },
    [Symbol.asyncDispose]: () => context.close(),
  }
}

/** What axe finds wrong with what is seen, each with the elements it is found at. */
export async function violations(page: Page): Promise<readonly string[]> {
  await page.evaluate(axe.source)
  const found = await page.evaluate(async () => {
    // The source that was run before put it there.
    const { axe: rules } = window as unknown as { readonly axe: typeof axe }
    return (await rules.run(document)).violations
  })
  return found.map(
    ({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' | ')}`,
  )
}

/** Keeps a picture of the whole page for those who look at it after the tests. */
export async function takePicture(page: Page, name: string): Promise<void> {
  mkdirSync(pictures, { recursive: true })
  await page.screenshot({ path: join(pictures, `${name}.png`), fullPage: true })
}

/** Nothing on the page is wider than the window. */
export async function expectNoOverflow(page: Page): Promise<void> {
  expect(await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth)).toBeLessThanOrEqual(0)
}
