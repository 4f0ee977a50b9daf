//! System variables that a session has set, in the form that tablets apply.

use std::collections::BTreeMap;
use std::sync::Arc;

/// Values as SQL literals by lower-case name, with the statement that applies them all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    values: BTreeMap<String, String>,
    queries: Arc<[String]>,
}

impl Settings {
    /// Returns the literal that a variable was set to.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// Returns the text that a variable was set to, without the quotes of SQL.
    pub fn text(&self, name: &str) -> Option<String> {
        let literal = self.get(name)?;
        let body = literal.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\''));
        Some(match body {
            Some(body) => body.replace("\'\'", "'").replace("\\\\", "\\"),
            None => literal.to_owned(),
        })
    }

    pub fn set(&mut self, name: &str, literal: &str) {
        self.values.insert(name.to_owned(), literal.to_owned());
        self.rebuild();
    }

    pub fn remove(&mut self, name: &str) {
        self.values.remove(name);
        self.rebuild();
    }

    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.values.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// Returns the SET statements that bring a connection to these settings; shared, so that a call
    /// costs no copy. Equal settings give equal text, by which tablets pool connections.
    pub fn queries(&self) -> &Arc<[String]> {
        &self.queries
    }

    fn rebuild(&mut self) {
        let parts: Vec<String> =
            self.values.iter().map(|(name, value)| format!("{name} = {value}")).collect();
        self.queries = match parts.is_empty() {
            true => Arc::default(),
            false => Arc::new([format!("set {}", parts.join(", "))]),
        };
    }
}

impl FromIterator<(String, String)> for Settings {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(values: I) -> Settings {
        let mut settings =
            Settings { values: values.into_iter().collect(), queries: Arc::default() };
        settings.rebuild();
        settings
    }
}
