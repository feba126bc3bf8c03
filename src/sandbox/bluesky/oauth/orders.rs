//! What a test or an operator can do to logins at the server's own pages.

use crate::sandbox::bluesky::Bluesky;
use crate::sandbox::bluesky::control::Done;

impl Bluesky {
    /// Ends every login an account has at the server's own pages, as when its
    /// owner removes the app there.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn end_oauth(&self, account: &str) -> Done {
        let did = self.did(account)?;
        self.world().oauth.end(&did);
        Ok(())
    }

    /// How many logins of an account at the server's own pages are good.
    ///
    /// # Errors
    /// When the account is not there.
    pub fn oauth_logins(&self, account: &str) -> Done<usize> {
        let did = self.did(account)?;
        Ok(self.world().oauth.live(&did))
    }
}
