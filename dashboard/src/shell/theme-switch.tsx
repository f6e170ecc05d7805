import { chooseTheme, type Theme, useTheme } from './theme.ts'

const themes: readonly { readonly theme: Theme; readonly label: string; readonly path: string }[] = [
  {
    theme: 'light',
    label: 'Light',
    path: 'M8 1v2M8 13v2M1 8h2M13 8h2M3 3l1.5 1.5M11.5 11.5L13 13M3 13l1.5-1.5M11.5 4.5L13 3M8 5.2a2.8 2.8 0 1 1 0 5.6 2.8 2.8 0 0 1 0-5.6',
  },
  { theme: 'system', label: 'As the system', path: 'M2 3h12v8H2zM6 14h4M8 11v3' },
  { theme: 'dark', label: 'Dark', path: 'M13.5 9.5A6 6 0 0 1 6.5 2.5a6 6 0 1 0 7 7z' },
]

export function ThemeSwitch() {
  const chosen = useTheme()
  return (
    <fieldset className="theme-switch">
      <legend className="unseen">Theme</legend>
      {themes.map(({ theme, label, path }) => (
        <label key={theme} title={label}>
          <input
            type="radio"
            name="theme"
            className="unseen"
            checked={chosen === theme}
            onChange={() => chooseTheme(theme)}
          />
          <svg viewBox="0 0 16 16" className="icon" aria-hidden="true">
            <path d={path} />
          </svg>
          <span className="unseen">{label}</span>
        </label>
      ))}
    </fieldset>
  )
}
