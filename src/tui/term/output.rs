//! Writes frames on a thread of its own. While one is under way none is
//! taken: frames are dropped, and the next one is painted from what the
//! terminal really shows.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// The writer of one screen.
pub struct Output {
    frames: Option<Sender<Vec<u8>>>,
    busy: Arc<AtomicBool>,
    ended: Receiver<()>,
    thread: Option<JoinHandle<()>>,
}

impl Output {
    /// Starts the thread. `written` is called there after each frame.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        mut to: impl Write + Send + 'static,
        written: impl Fn(io::Result<()>) + Send + 'static,
    ) -> io::Result<Self> {
        let (frames, waiting) = channel::<Vec<u8>>();
        let (end, ended) = channel();
        let busy = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&busy);
        let thread = std::thread::Builder::new()
            .name("screen-output".into())
            .spawn(move || {
                while let Ok(frame) = waiting.recv() {
                    let result = write_whole(&mut to, &frame);
                    let failed = result.is_err();
                    flag.store(false, Ordering::SeqCst);
                    written(result);
                    if failed {
                        break;
                    }
                }
                let _ = end.send(());
            })?;
        Ok(Self {
            frames: Some(frames),
            busy,
            ended,
            thread: Some(thread),
        })
    }

    /// Whether a frame would be written at once.
    pub fn is_free(&self) -> bool {
        !self.busy.load(Ordering::SeqCst)
    }

    /// Hands over a whole frame. Call it when [`Output::is_free`].
    pub fn send(&self, frame: Vec<u8>) {
        self.busy.store(true, Ordering::SeqCst);
        if let Some(frames) = &self.frames {
            let _ = frames.send(frame);
        }
    }

    /// Waits for the frame under way, at most half a second: a terminal that
    /// takes nothing any more is not waited for.
    pub fn settle(&self) {
        let mut rounds = 0;
        while !self.is_free() && rounds < 100 {
            std::thread::park_timeout(Duration::from_millis(5));
            rounds += 1;
        }
    }

    /// Lets the last frame out and ends the thread; a terminal that takes
    /// nothing any more is not waited for.
    pub fn stop(&mut self) {
        self.frames = None;
        if self.ended.recv_timeout(Duration::from_millis(500)).is_ok()
            && let Some(thread) = self.thread.take()
        {
            let _ = thread.join();
        }
    }
}

impl Drop for Output {
    fn drop(&mut self) {
        self.stop();
    }
}

/// One write where the terminal takes it; a non-blocking one is waited for.
fn write_whole(to: &mut impl Write, mut frame: &[u8]) -> io::Result<()> {
    while !frame.is_empty() {
        match to.write(frame) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => frame = &frame[n..],
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                std::thread::park_timeout(Duration::from_millis(5));
            }
            Err(error) => return Err(error),
        }
    }
    to.flush()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::{Mutex, mpsc};

    #[derive(Clone, Default)]
    struct Sink(Arc<Mutex<Vec<Vec<u8>>>>);

    impl Write for Sink {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().push(bytes.to_vec());
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_frame_is_one_write_and_says_when_it_is_out() {
        let sink = Sink::default();
        let (tell, told) = mpsc::channel();
        let mut output = Output::start(sink.clone(), move |result| {
            tell.send(result.is_ok()).unwrap();
        })
        .unwrap();
        assert!(output.is_free());
        output.send(vec![b'x'; 5000]);
        assert!(told.recv().unwrap());
        assert!(output.is_free());
        output.stop();
        assert_eq!(sink.0.lock().unwrap().len(), 1);
    }
}
