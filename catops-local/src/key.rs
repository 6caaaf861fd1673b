//! The key that seals jobs where no setting gives one.

use std::io::Write as _;
use std::path::Path;

use catops_core::app::random_secret;
use catops_core::job::JobKey;
use catops_core::settings::Settings;
use catops_core::{Error, ErrorKind, Secret};

use crate::config::{Config, QueueKind, StoreKind};

/// Adds the secrets that the local bot makes itself where none is set. Returns whether the signing secret was made.
///
/// A made signing secret ends with the process. The key of the jobs is kept beside them and the audit: what was accepted
/// before a restart must open after it, and what was recorded must still bear the bot's seal.
pub(crate) fn complete(settings: &mut Settings, config: &Config) -> Result<bool, Error> {
    if settings.slack_signing_secret.is_some() {
        return Ok(false);
    }
    settings.slack_signing_secret = Some(random_secret()?);
    if settings.job_key.is_none() && (config.queue == QueueKind::Durable || config.store != StoreKind::Memory) {
        settings.job_key = Some(kept(&config.folder.join("job.key"))?);
    }
    Ok(true)
}

/// Returns the key that the bot of this machine seals jobs and records with.
pub(crate) fn sealing(config: &Config) -> Result<JobKey, Error> {
    let mut settings = config.shared.clone();
    complete(&mut settings, config)?;
    Ok(JobKey::derive(settings.job_key.as_ref().or(settings.slack_signing_secret.as_ref())))
}

/// Reads the key in the file at `path`, or makes it.
fn kept(path: &Path) -> Result<Secret, Error> {
    if let Some(key) = read(path) {
        return Ok(key);
    }
    let fresh = random_secret()?;
    let written = write(path, &fresh).map_err(|error| {
        let said = format!("`{}` cannot be written; CATOPS_LOCAL_DIR names another folder", path.display());
        Error::new(ErrorKind::Config, said).because(error)
    });
    // Another process may have been faster; then its key counts for both.
    written.map(|()| read(path).unwrap_or(fresh))
}

fn read(path: &Path) -> Option<Secret> {
    let text = std::fs::read_to_string(path).ok()?;
    let key = text.trim();
    (key.len() == 64 && key.bytes().all(|byte| byte.is_ascii_hexdigit())).then(|| Secret::new(key.to_owned()))
}

/// Writes the whole file and puts it in place in one step, so that a crash leaves no half of a key.
fn write(path: &Path, key: &Secret) -> std::io::Result<()> {
    let draft = path.with_extension(format!("key.{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(&draft)?;
    writeln!(file, "{}", key.expose())?;
    file.sync_all()?;
    std::fs::rename(&draft, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_key_is_made_once_and_for_this_user_alone() {
        let folder = std::env::temp_dir().join(format!("catops-key-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let path = folder.join("job.key");
        let key = kept(&path).unwrap();
        assert_eq!(kept(&path).unwrap(), key);
        let mode = std::os::unix::fs::PermissionsExt::mode(&std::fs::metadata(&path).unwrap().permissions());
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(&path, "half").unwrap();
        assert_ne!(kept(&path).unwrap(), key, "what is no key is replaced");
        std::fs::remove_dir_all(folder).unwrap();
    }
}
