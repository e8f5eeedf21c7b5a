//! Fields whose value is one of a set of words.

/// Defines a set of words. A word that is not in the set is kept as `Other`, so that a newer
/// writer's words survive being read and written back.
macro_rules! words {
    ($(
        $(#[$meta:meta])*
        pub enum $name:ident {
            $($(#[$variant_meta:meta])* $variant:ident = $word:tt,)*
        }
    )*) => {
        $(
            $(#[$meta])*
            #[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
            #[non_exhaustive]
            pub enum $name {
                $($(#[$variant_meta])* $variant,)*
                /// A word outside the known set, or the empty string.
                Other(String),
            }

            impl $name {
                /// The known words, in the order of their definition.
                pub const KNOWN: &'static [&'static str] = &[$($word,)*];

                /// The word as it is written.
                pub fn as_str(&self) -> &str {
                    match self {
                        $(Self::$variant => $word,)*
                        Self::Other(word) => word,
                    }
                }

                /// Whether the word is in the known set.
                pub fn is_known(&self) -> bool {
                    !matches!(self, Self::Other(_))
                }
            }

            impl Default for $name {
                fn default() -> Self {
                    Self::Other(String::new())
                }
            }

            impl From<&str> for $name {
                fn from(word: &str) -> Self {
                    match word {
                        $($word => Self::$variant,)*
                        other => Self::Other(other.to_owned()),
                    }
                }
            }

            impl From<String> for $name {
                fn from(word: String) -> Self {
                    match word.as_str() {
                        $($word => Self::$variant,)*
                        _ => Self::Other(word),
                    }
                }
            }

            impl std::fmt::Display for $name {
                fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    formatter.pad(self.as_str())
                }
            }

            impl serde::Serialize for $name {
                fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    serializer.serialize_str(self.as_str())
                }
            }

            impl<'de> serde::Deserialize<'de> for $name {
                fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    String::deserialize(deserializer).map(Self::from)
                }
            }

            impl schemars::JsonSchema for $name {
                fn schema_name() -> std::borrow::Cow<'static, str> {
                    stringify!($name).into()
                }

                fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
                    schemars::json_schema!({
                        "type": "string",
                        "examples": Self::KNOWN,
                    })
                }
            }

            $crate::api::schema::leaf!($name);
        )*
    };
}
pub(crate) use words;

#[cfg(test)]
mod tests {
    use crate::api::SyncStatusCode;

    #[test]
    fn unknown_words_are_kept() {
        let code: SyncStatusCode = serde_json::from_str("\"Drifting\"").unwrap();
        assert_eq!(code, SyncStatusCode::Other("Drifting".to_owned()));
        assert!(!code.is_known());
        assert_eq!(serde_json::to_string(&code).unwrap(), "\"Drifting\"");
        assert_eq!(SyncStatusCode::from("Synced"), SyncStatusCode::Synced);
    }
}
