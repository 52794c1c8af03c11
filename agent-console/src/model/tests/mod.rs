//! The model as a whole, fed with what a server would say.

mod departments;
mod fixture;
mod queue;
mod staff;
mod tabs;
mod writing;
