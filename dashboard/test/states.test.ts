import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { describeWith } from '../../testbed/available.ts'
import { freePort } from '../../testbed/free-port.ts'
import { startReprise } from '../../testbed/servers/reprise.ts'
import { openBrowser, openPage, takePicture, violations } from './browser.ts'
import { startWorld } from './world.ts'

const adminKey = 'a key of the administration'

// Servers and a browser start beside whatever else the machine does.
vi.setConfig({ testTimeout: 120_000 })

describeWith(['chromium'], 'the dashboard when not all is well', () => {
  let browser: Browser | undefined
  beforeAll(async () => {
    browser = await openBrowser()
  })
  afterAll(() => browser?.close())
  const chromium = () => {
    if (browser === undefined) throw new Error('Chromium did not start.')
    return browser
  }

  test('E3 the admin key is asked for, tried, and kept for this tab alone', async () => {
    await using world = await startWorld({ ADMIN_API_KEY: adminKey })
    await using opened = await openPage(chromium(), world.server.url)
    const { page } = opened
    await opened.goTo('caches/ai')
    const field = page.getByLabel('Admin key', { exact: true })
    await field.waitFor()
    expect(await violations(page)).toEqual([])
    await takePicture(page, 'key-light-1440')
    await page.getByRole('button', { name: 'Open' }).click()
    await page.getByRole('alert').getByText('Enter the key first.').waitFor()
    await field.fill('another key')
    await page.getByRole('button', { name: 'Open' }).click()
    await page.getByText('That is not the key of this server.').waitFor()
    await field.fill(adminKey)
    await page.keyboard.press('Enter')
    await page.getByText('How long it takes').waitFor()
    await page.reload()
    await page.getByText('How long it takes').waitFor()
    expect(await page.evaluate(() => [localStorage.length, sessionStorage.length])).toEqual([0, 1])
    expect(await page.context().cookies()).toEqual([])
    const other = await page.context().newPage()
    await other.goto(page.url())
    await other.getByLabel('Admin key', { exact: true }).waitFor()
  })

  test('E3 before anything happened each page says so', async () => {
    await using world = await startWorld()
    await using opened = await openPage(chromium(), world.server.url)
    const { page, complaints } = opened
    for (const [place, words] of [
      ['', 'Figures appear with the first call.'],
      ['', 'No model was called yet'],
      ['caches', 'Not used since the server started.'],
      ['caches/ai', 'Nothing is kept in memory'],
      ['conversations', 'No guests yet'],
      ['outbox', 'Nothing was given up'],
      ['migrations', 'No guest became a user yet'],
      ['caches/nope', 'There is no cache nope'],
      ['nowhere/at/all', 'There is no such page'],
    ] as const) {
      await opened.goTo(place)
      await page.getByText(words).first().waitFor()
      expect(await violations(page), place).toEqual([])
      if (place !== '') await takePicture(page, `empty-${place.replaceAll('/', '-')}-light-1440`)
    }
    await opened.goTo('')
    await page.getByText('No model was called yet').waitFor()
    await takePicture(page, 'empty-overview-light-1440')
    expect(complaints).toEqual([])
  })

  test('E3 while the server is away the last figures stay, and it is taken up again by itself', {
    timeout: 90_000,
  }, async () => {
    const PORT = `${await freePort()}`
    const first = await startReprise({ PORT })
    await using opened = await openPage(chromium(), first.url)
    const { page } = opened
    await opened.goTo('')
    await page.getByText('Response time by endpoint').waitFor()
    await page.getByText('Live', { exact: true }).waitFor()
    await first.stop()
    const banner = page.getByRole('alert').filter({ hasText: 'The server does not answer' })
    await banner.getByText(/Away since \d\d:\d\d:\d\d/).waitFor()
    await page.getByRole('table', { name: 'Caches' }).getByText('Answers').waitFor()
    expect(await violations(page)).toEqual([])
    await takePicture(page, 'away-light-1440')
    await using _second = await startReprise({ PORT })
    await page.getByText('Live', { exact: true }).waitFor()
    await banner.waitFor({ state: 'detached' })
  })

  test('E3 a refusal is told in the server’s words, and can be tried again', async () => {
    await using world = await startWorld({ EMBEDDER: '' })
    await using opened = await openPage(chromium(), world.server.url)
    const { page } = opened
    await opened.goTo('conversations/not%20a%20guest%21')
    await page.getByRole('textbox', { name: 'Look for' }).fill('words')
    await page.getByRole('button', { name: 'Find' }).click()
    await page.getByText('invalid_guest_id').waitFor()
    expect(await violations(page)).toEqual([])
    await takePicture(page, 'fault-light-1440')
  })
})
