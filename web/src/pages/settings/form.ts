/** What is typed into the settings, and what of it has changed. */
import type { SettingsOut, SettingsPatch } from "@/api/schema";
import { countExact } from "@/shared/format";

export interface SettingsForm {
  claude_haiku_45_enabled: boolean;
  /** As typed; empty: no cap. */
  max_tokens_per_request: string;
  enable_caching: boolean;
  /** As typed. */
  cache_ttl_seconds: string;
}

export function formOf(settings: SettingsOut): SettingsForm {
  const { claude_haiku_45_enabled, max_tokens_per_request: cap, enable_caching, cache_ttl_seconds } = settings;
  return {
    claude_haiku_45_enabled,
    max_tokens_per_request: cap === null ? "" : countExact(cap),
    enable_caching,
    cache_ttl_seconds: countExact(cache_ttl_seconds),
  };
}

/** What was typed as a number; null for nothing; undefined for what is no whole number. */
export function readNumber(text: string): number | null | undefined {
  const plain = text.replace(/[\s,_]/g, "");
  if (plain === "") return null;
  return /^\d{1,15}$/.test(plain) ? Number(plain) : undefined;
}

/** What is left out stays. */
export type Changes = Partial<SettingsPatch>;

/** What differs from the settings in force; undefined if a number cannot be read. */
export function changesOf(settings: SettingsOut, form: SettingsForm): Changes | undefined {
  const cap = readNumber(form.max_tokens_per_request);
  const ttl = readNumber(form.cache_ttl_seconds);
  if (cap === undefined || ttl === undefined || ttl === null) return undefined;
  const wanted = { ...form, max_tokens_per_request: cap, cache_ttl_seconds: ttl };
  return Object.fromEntries(
    Object.entries(wanted).filter(([key, value]) => settings[key as keyof SettingsForm] !== value),
  );
}
