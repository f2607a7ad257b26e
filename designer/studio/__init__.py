"""The studio: a local page on which one designs a loudspeaker, hears it and sends it to a board.

`document` is the layout that is edited, `faults` finds the key of each error, and `controls` describes every key.
`hub` holds the state of one studio and answers the pages.  `server` serves them, `guard` keeps everyone else out, and
`folder` keeps files inside the chosen folder.

`designing` makes designs in a process of its own, and `figures` turns them into curves.  `board_desk` talks to a board.
`audition` prepares what the page plays.  `static` has the page: HTML, style and ES modules.
"""
