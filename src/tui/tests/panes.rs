//! Snapshots: read them as a user would.

use super::look::{ASCII, MONO, snapshot};
use super::seed;

macro_rules! main_screen {
    ($($name:ident: $width:literal x $height:literal $look:expr;)*) => {$(
        #[test]
        fn $name() {
            let mut model = seed::model($width, $height);
            if let Some(look) = $look {
                model.set.look = look;
            }
            insta::assert_snapshot!(snapshot(&model, $width, $height));
        }
    )*};
}

main_screen! {
    main_40x12_dark: 40 x 12 None;
    main_80x24_dark: 80 x 24 None;
    main_120x36_dark: 120 x 36 None;
    main_200x60_dark: 200 x 60 None;
    main_40x12_no_color: 40 x 12 Some(MONO);
    main_80x24_no_color: 80 x 24 Some(MONO);
    main_120x36_no_color: 120 x 36 Some(MONO);
    main_200x60_no_color: 200 x 60 Some(MONO);
    main_40x12_ascii: 40 x 12 Some(ASCII);
    main_80x24_ascii: 80 x 24 Some(ASCII);
    main_120x36_ascii: 120 x 36 Some(ASCII);
    main_200x60_ascii: 200 x 60 Some(ASCII);
}
