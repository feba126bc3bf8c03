//! The posts an act is about.

use super::Model;
use crate::ops::views::DeliveryView;

impl Model {
    /// The posts an act is about: the one under the cursor or in the sheet.
    pub fn chosen_posts(&self) -> Vec<&DeliveryView> {
        self.delivery().into_iter().collect()
    }
}
