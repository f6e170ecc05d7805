// Before the first paint: a theme that was chosen, so that the page does not flash in the other one.
try {
  const theme = localStorage.getItem('reprise-theme')
  if (theme === 'light' || theme === 'dark') document.documentElement.dataset.theme = theme
} catch {
  // Storage is shut; the system's theme it is.
}
