import { useSyncExternalStore } from 'react'

export type Theme = 'system' | 'light' | 'dark'

/** Read by theme.js before the first paint, too. */
const place = 'reprise-theme'
const listeners = new Set<() => void>()
const systemDark = matchMedia('(prefers-color-scheme: dark)')

export function chosenTheme(): Theme {
  const { theme } = document.documentElement.dataset
  return theme === 'light' || theme === 'dark' ? theme : 'system'
}

export function chooseTheme(theme: Theme): void {
  if (theme === 'system') delete document.documentElement.dataset['theme']
  else document.documentElement.dataset['theme'] = theme
  try {
    if (theme === 'system') localStorage.removeItem(place)
    else localStorage.setItem(place, theme)
  } catch {
    // Storage is shut: the choice holds until the page is left.
  }
  for (const listener of listeners) listener()
}

export function useTheme(): Theme {
  return useSyncExternalStore(subscribe, chosenTheme)
}

/** What is seen: changes whenever colours do. */
export function useShade(): 'light' | 'dark' {
  return useSyncExternalStore(subscribe, () => {
    const theme = chosenTheme()
    return theme === 'system' ? (systemDark.matches ? 'dark' : 'light') : theme
  })
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  systemDark.addEventListener('change', listener)
  return () => {
    listeners.delete(listener)
    systemDark.removeEventListener('change', listener)
  }
}
