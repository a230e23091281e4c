"""Deploy hooks: the one way in which they are asked, and how what is said to and by them is signed."""
