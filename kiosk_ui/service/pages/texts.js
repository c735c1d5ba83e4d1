// Words of one language; asked for again until they are there, for a screen may start before the service does.
export async function texts(language) {
  for (;;) {
    try {
      const answer = await fetch(`/pages/texts/${language}.json`, { cache: "no-cache" });
      if (answer.ok) return await answer.json();
    } catch { /* no connection yet */ }
    await new Promise((done) => setTimeout(done, 2000));
  }
}

export function filled(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}
